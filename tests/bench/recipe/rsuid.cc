/// Renounces the set-id state and runs a program: the helper of the recipe of 2000 in front of ssh.
///
///     rsuid PROGRAM [ARGUMENT...]
#include <unistd.h>

#include <cstdio>

int main(int count, char** arguments) {
  if (count < 2 || setuid(geteuid()) != 0) return 1;
  execv(arguments[1], arguments + 1);
  std::perror(arguments[1]);
  return 1;
}
