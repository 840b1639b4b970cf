"""The two plots, as SVG: bars with labels, legible on light and on dark ground."""

import math
from xml.sax.saxutils import escape

WIDTH, LEFT, RIGHT, BAR, GAP = 900, 190, 110, 20, 10
TOP = 64
STYLE = """\
<style>
text { font: 13px sans-serif; fill: #24292f }
.title { font-size: 15px; font-weight: bold }
.axis { stroke: #8c959f; stroke-width: 1 }
.floor { stroke: #cf222e; stroke-width: 2; stroke-dasharray: 6 4 }
.ground { fill: #ffffff }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .ground { fill: #0d1117 } }
</style>
"""
# Told apart by those who see few colours, too; in the order of the phases.
COLORS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#8c959f")
OURS, OTHERS = "#0072b2", "#8c959f"
# A bar that is so many times as long as the middle one is broken off.
BREAK = 2.0


def text(x, y, words, anchor="start", kind=""):
    kind = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{kind}>{escape(words)}</text>\n'


def bar(x, y, width, color):
    return (f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0.5):.1f}" height="{BAR}" '
            f'fill="{color}"/>\n')


def vertical(x, top, bottom, kind):
    return f'<line x1="{x:.1f}" y1="{top:.1f}" x2="{x:.1f}" y2="{bottom:.1f}" class="{kind}"/>\n'


def tick(x, bottom, words):
    return [vertical(x, bottom, bottom + 6, "axis"), text(x, bottom + 20, words, "middle")]


def drawing(title, height, parts):
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
            f'height="{height}" role="img">\n<title>{escape(title)}</title>\n{STYLE}'
            f'<rect class="ground" width="{WIDTH}" height="{height}"/>\n'
            + text(12, 22, title, kind="title") + "".join(parts) + "</svg>\n")


def place(row):
    return TOP + row * (BAR + GAP)


def step_of(largest):
    """A round number of which about six are in the largest."""
    rough = 10 ** math.floor(math.log10(largest / 6))
    return next(rough * factor for factor in (1, 2, 5, 10) if rough * factor * 6 >= largest)


def legend(names):
    parts, x = [], 12
    for name, color in zip(names, COLORS):
        parts += [f'<rect x="{x}" y="34" width="12" height="12" fill="{color}"/>\n',
                  text(x + 17, 45, name)]
        x += 34 + 8 * len(name)
    return parts


def stack(row, name, values, largest, scale):
    """One bar of pieces; what is beyond the largest is broken off, and its number says how long it
    is."""
    y, x = place(row), float(LEFT)
    parts = [text(LEFT - 8, y + 15, name, "end")]
    for value, color in zip(values, COLORS):
        width = min(value * scale, LEFT + largest * scale - x)
        if width > 0:
            parts.append(bar(x, y, width, color))
            x += width
    broken = sum(values) > largest
    if broken:
        parts.append(f'<path d="M {x - 14:.1f} {y - 2} l -6 {BAR + 4} h 5 l 6 -{BAR + 4} z" '
                     'class="ground"/>\n')
    parts.append(text(x + 6, y + 15, f"{sum(values):.0f} ms"))
    return parts


def stacked(title, names, rows):
    """`rows` are (label, values), a value for each of the names, in ms."""
    lengths = sorted(sum(values) for _, values in rows)
    largest = max(length for length in lengths if length <= BREAK * max(lengths[len(lengths) // 2],
                                                                        lengths[-1] / 10))
    scale = (WIDTH - LEFT - RIGHT) / largest
    bottom = place(len(rows))
    parts = legend(names)
    for row, (label, values) in enumerate(rows):
        parts += stack(row, label, values, largest, scale)
    step = step_of(largest)
    for count in range(int(largest / step) + 1):
        x = LEFT + count * step * scale
        parts += tick(x, bottom, f"{count * step:g} ms")
    return drawing(title, bottom + 32, parts)


def logarithmic(title, rows, floor_name, floor):
    """`rows` are (label, value, whether it is ours); the floor is a line across."""
    values = [value for _, value, _ in rows] + [floor]
    low, high = math.floor(math.log10(min(values))), math.log10(max(values))
    scale = (WIDTH - LEFT - RIGHT) / (high - low)
    bottom = place(len(rows))
    parts = []
    for row, (label, value, is_ours) in enumerate(rows):
        width = (math.log10(value) - low) * scale
        parts += [text(LEFT - 8, place(row) + 15, label, "end"),
                  bar(LEFT, place(row), width, OURS if is_ours else OTHERS),
                  text(LEFT + width + 6, place(row) + 15, f"{value:.{0 if value >= 10 else 1}f}")]
    for power in range(low, math.floor(high) + 1):
        x = LEFT + (power - low) * scale
        parts += tick(x, bottom, f"{10.0 ** power:g}")
    x = LEFT + (math.log10(floor) - low) * scale
    parts += [vertical(x, TOP - 10, bottom, "floor"),
              text(x, TOP - 16, f"{floor_name}: {floor:.0f}", "end")]
    return drawing(title, bottom + 32, parts)
