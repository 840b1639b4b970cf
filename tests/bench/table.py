"""The table: a row per figure, a column per rival, what was asked of sshsm, and whether it is so."""

import statistics

HEADINGS = ("asked of sshsm", "is", "")


class Row:
    """`cells` has text by rival. `holds` is None where nothing was asked."""

    def __init__(self, title, cells, asked="", found="", holds=None):
        self.title = title
        self.cells = cells
        self.asked = asked
        self.found = found
        self.holds = holds

    def words(self, rivals):
        verdict = {None: "", True: "ok", False: "MISSED"}[self.holds]
        return [self.title, *(self.cells.get(rival, "-") for rival in rivals), self.asked,
                self.found, verdict]


def p90(values):
    return sorted(values)[round(0.9 * (len(values) - 1))]


def medians(values):
    return {rival: statistics.median(theirs) for rival, theirs in values.items()}


def plain(title, values, digits=1):
    return Row(title, {rival: f"{value:.{digits}f}" for rival, value in values.items()})


def compared(title, values, us, them, bound, digits=1, at_least=False):
    """A row whose bound is a share of another rival's figure."""
    row = plain(title, values, digits)
    # What is printed is what is judged.
    ratio = round(values[us] / values[them], 2)
    row.asked = f"{'>=' if at_least else '<='} {bound:.2f} x {them.title}"
    row.found = f"{ratio:.2f} x"
    row.holds = ratio >= bound if at_least else ratio <= bound
    return row


def limited(title, values, us, bound, digits=1):
    """A row whose bound is a number."""
    row = plain(title, values, digits)
    row.asked = f"<= {bound}"
    row.found = row.cells[us]
    row.holds = round(values[us], digits) <= bound
    return row


def show(rivals, rows):
    """Text with a line per row, the columns lined up; a row that is a string stands for itself."""
    head = ["", *(rival.title for rival in rivals), *HEADINGS]
    lines = [row if isinstance(row, str) else row.words(rivals) for row in rows]
    cells = [head] + [line for line in lines if not isinstance(line, str)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(head))]
    last_number = len(rivals)

    def one_line(line):
        if isinstance(line, str):
            return line
        return "  ".join(text.rjust(width) if 0 < column <= last_number else text.ljust(width)
                         for column, (text, width) in enumerate(zip(line, widths))).rstrip()
    return "\n".join(one_line(line) for line in [head] + lines)
