# SPDX-License-Identifier: MIT
"""Draws figures over a growing number of targets as an SVG, both axes in powers of ten."""

import math

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 300, 190, 44, 28, 24
GAP = 24
INSET = 22


def shown(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.2g}"


def panel(left, title, points):
    """One diagram of {count: figure}."""
    low = math.floor(math.log10(min(points.values())))
    high = max(math.ceil(math.log10(max(points.values()))), low + 1)
    last = math.log10(max(points))

    def x(count):
        return left + LEFT + INSET + (WIDTH - LEFT - 12 - 2 * INSET) * math.log10(count) / last

    def y(value):
        return TOP + (HEIGHT - TOP - BOTTOM) * (high - math.log10(value)) / (high - low)

    yield f'<text x="{left + LEFT}" y="16" class="title">{title}</text>'
    for power in range(low, high + 1):
        at = y(10 ** power)
        yield f'<path class="grid" d="M{left + LEFT} {at:.1f}H{left + WIDTH - 12}"/>'
        yield f'<text x="{left + LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{10 ** power:,g}</text>'
    for count in points:
        yield f'<text x="{x(count):.1f}" y="{HEIGHT - 6}" text-anchor="middle">{count:,}</text>'
    line = " ".join(f"{x(count):.1f},{y(value):.1f}" for count, value in points.items())
    yield f'<polyline points="{line}"/>'
    for count, value in points.items():
        yield f'<circle cx="{x(count):.1f}" cy="{y(value):.1f}" r="3"/>'
        yield f'<text x="{x(count):.1f}" y="{y(value) - 7:.1f}" text-anchor="middle">{shown(value)}</text>'


def write(path, diagrams):
    """`diagrams`: {title: {number of targets: figure}}."""
    width = len(diagrams) * (WIDTH + GAP)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {HEIGHT}" '
             f'width="{width}" height="{HEIGHT}" role="img" aria-label="Cost as targets grow">',
             "<style>text{font:11px sans-serif;fill:#333}.title{font-weight:bold}"
             ".grid{stroke:#ddd}polyline{fill:none;stroke:#06c;stroke-width:2}circle{fill:#06c}</style>",
             f'<rect width="{width}" height="{HEIGHT}" fill="#fff"/>']
    for index, (title, points) in enumerate(diagrams.items()):
        parts += panel(index * (WIDTH + GAP), title, points)
    path.write_text("\n".join([*parts, "</svg>\n"]))
