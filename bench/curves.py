"""How figures grow with the index, drawn: the tables of bench/results/speed.md as one picture of curves.

python bench/curves.py            (bench/speed.py does it after each run)
"""

from __future__ import annotations

from pathlib import Path

RESULTS = Path(__file__).parent / "results"


def tables(text: str) -> list[list[dict[str, float]]]:
    """The tables of a Markdown text whose cells are numbers, row by row."""
    found: list[list[dict[str, float]]] = []
    names: list[str] = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("|"):
            names = []
        elif not names:
            names = cells
            found.append([])
        elif not cells[0].startswith("---"):
            found[-1].append({name: float(cell) for name, cell in zip(names, cells, strict=True)})
    return found


def draw(text: str, path: Path) -> None:
    """One panel for each column after the first, over passages on a logarithmic scale, as SVG."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "wenzheng"
    from matplotlib import pyplot

    panels = [(name, rows) for rows in tables(text) for name in list(rows[0])[1:]]
    columns = 4
    figure, axes = pyplot.subplots(-(-len(panels) // columns), columns, figsize=(14, 11), squeeze=False)
    for axis in axes.flat[len(panels) :]:
        axis.set_visible(False)
    for axis, (name, rows) in zip(axes.flat, panels, strict=False):
        axis.plot([row["passages"] for row in rows], [row[name] for row in rows], marker="o")
        axis.set_xscale("log")
        axis.set_ylim(bottom=0)
        axis.set_title(name, fontsize=9)
        axis.set_xlabel("passages", fontsize=8)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    draw((RESULTS / "speed.md").read_text(encoding="utf-8"), RESULTS / "speed.svg")


if __name__ == "__main__":
    main()
