#!/usr/bin/python3
"""Prints the README's table of figures from a report.json of the bench.

    readme_table.py [build/bench/report.json]
"""

import json
import sys

DEFAULT = "build/bench/report.json"
# (heading here, column of the report, digits)
COLUMNS = (("ms", "wall ms", 0), ("9 of 10 within", "p90", 0), ("client CPU, ms", "client CPU ms", 1),
           ("server CPU, ms", "server CPU ms", 1), ("RSS, MB", "RSS MB", 1),
           ("round trips to the 250", "round trips to the 250", 0),
           ("messages/s", "messages/s in a row", 0), ("16 clients", "messages/s, 16 clients", 0),
           ("MB/s", "MB/s, large message", 0))
WAYS = ("sshsm_batch", "recipe", "recipe_fast", "netcat", "dbclient", "bare_libssh", "forwarder_cold",
        "kept_batch", "socket", "mux", "autossh", "forwarder_warm", "tcp")


def cell(value, digits):
    """Small ones with a digit more, unless they are whole."""
    if value is None:
        return "–"
    return f"{value:.{digits or int(value < 10 and value != int(value))}f}"


def main(path=DEFAULT):
    with open(path, encoding="utf-8") as file:
        report = json.load(file)
    for line in report["header"]:
        print(line)
    print("\n| one message of 2 KB | " + " | ".join(heading for heading, _, _ in COLUMNS) + " |")
    print("|---|" + "---:|" * len(COLUMNS))
    for key in WAYS:
        row = report["rivals"][key]
        cells = [cell(row[column], digits) for _, column, digits in COLUMNS]
        title = row["title"]
        print(f"| {title if row['group'] in title else row['group'] + ': ' + title} | "
              + " | ".join(cells) + " |")


if __name__ == "__main__":
    main(*sys.argv[1:])
