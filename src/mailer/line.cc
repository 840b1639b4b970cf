#include "mailer/line.h"

namespace sshsm::mailer {

Line::Arrival Line::receive() {
  Arrival arrival;
  try {
    channel().progress();
  } catch (const base::Failure& failure) {
    arrival.loss = failure;
  }
  arrival.bytes = channel().received();
  channel().consume(arrival.bytes.size());
  return arrival;
}

}  // namespace sshsm::mailer
