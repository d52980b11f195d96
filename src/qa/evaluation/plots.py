"""Plots as SVG elements for a page. ``label`` describes a plot to people who cannot see it."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import escape

from qa.evaluation.measure import Bin, Operating

__all__ = ["latency", "ranking_by_k", "reliability", "risk_coverage"]

# Distinct for colour-blind readers and in grey (Okabe and Ito), and dark enough on white.
_COLOURS = ("#0a5a9c", "#b3460b", "#00664c", "#7a3b69")
_MARKERS = ("o", "s", "^", "D")
_QUIET = "#5c6670"
_LATENCY_BINS = 40
_STYLE = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": _QUIET,
    "axes.grid": True,
    "grid.color": "#e3e7ea",
    "axes.axisbelow": True,
    "xtick.color": "#333a40",
    "ytick.color": "#333a40",
}


def ranking_by_k(curves: Mapping[str, Sequence[tuple[int, float]]], label: str) -> str:
    """Plot each curve's value over k, on a logarithmic axis."""
    figure, axes = _figure()
    for (name, points), colour, marker in zip(curves.items(), _COLOURS, _MARKERS, strict=False):
        cutoffs, values = zip(*points, strict=True)
        axes.plot(cutoffs, values, color=colour, marker=marker, markersize=5, label=name)
        axes.set_xscale("log")
        axes.set_xticks(cutoffs, [str(k) for k in cutoffs])
    axes.minorticks_off()
    axes.set(ylim=(0, 1.02), xlabel="first k", ylabel="share of questions")
    axes.legend(loc="lower right", frameon=False)
    return _svg(figure, "ranking", label)


def risk_coverage(points: Sequence[Operating], shipped: Operating | None, label: str) -> str:
    """Plot risk over coverage, with the shipped threshold marked."""
    figure, axes = _figure()
    coverage = [p.coverage for p in points]
    axes.plot(coverage, [p.risk for p in points], color=_COLOURS[0], drawstyle="steps-post")
    if shipped:
        axes.plot(
            [shipped.coverage],
            [shipped.risk],
            color=_COLOURS[1],
            marker="D",
            linestyle="none",
            label="shipped threshold",
        )
        axes.legend(loc="best", frameon=False)
    axes.set(xlim=(0, 1.02), ylim=(0, 1.02), xlabel="share answered", ylabel="share wrong of these")
    return _svg(figure, "risk", label)


def reliability(bins: Sequence[Bin], label: str) -> str:
    """Plot the share right over the confidence, a dot per bin, its size by the questions."""
    figure, axes = _figure()
    axes.plot([0, 1], [0, 1], color=_QUIET, linestyle="--", label="perfectly calibrated")
    largest = max(b.count for b in bins)
    axes.scatter(
        [b.confidence for b in bins],
        [b.share_right for b in bins],
        s=[30 + 170 * b.count / largest for b in bins],
        color=_COLOURS[0],
        label="questions, by confidence",
    )
    axes.set(xlim=(-0.02, 1.04), ylim=(-0.02, 1.04), xlabel="confidence", ylabel="share right")
    axes.legend(loc="upper left", frameon=False)
    return _svg(figure, "reliability", label)


def latency(values_ms: Sequence[float], percentiles: Mapping[str, float], label: str) -> str:
    """Plot the distribution of the latency."""
    figure, axes = _figure()
    # The slowest few would squeeze all others into one bar.
    end = max(percentiles["p99"] * 1.2, 1.0)
    shown = [min(v, end) for v in values_ms]
    axes.hist(shown, bins=_LATENCY_BINS, range=(0, end), color=_COLOURS[0])
    for (name, value), style in zip(percentiles.items(), ("-", "--", ":"), strict=True):
        axes.axvline(value, color=_COLOURS[1], linestyle=style, label=f"{name} {value:.0f} ms")
    axes.set(xlim=(0, end), xlabel="milliseconds (slower ones in the last bar)", ylabel="questions")
    axes.legend(loc="upper right", framealpha=0.9, edgecolor="none")
    return _svg(figure, "latency", label)


def _figure() -> tuple[Any, Any]:
    import matplotlib as mpl  # noqa: PLC0415 - takes a second, for reports only
    from matplotlib.figure import Figure  # noqa: PLC0415

    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(4.8, 3.4), layout="constrained")
        return figure, figure.add_subplot()


def _svg(figure: Any, name: str, label: str) -> str:
    """Return the figure as an element of a page, with its own ids."""
    import matplotlib as mpl  # noqa: PLC0415

    written = io.StringIO()
    with mpl.rc_context({**_STYLE, "svg.hashsalt": name}):
        omitted = {"Date": None, "Creator": None, "Format": None, "Type": None}
        figure.savefig(written, format="svg", transparent=True, metadata=omitted)
    svg = written.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = re.sub(r"""(url\(|href=["'])#""", rf"\1#{name}-", svg)
    size = re.search(r'viewBox="([^"]+)"', svg)
    opening = f'<svg role="img" aria-label="{escape(label)}" viewBox="{size[1] if size else ""}"'
    attributes = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    return re.sub(r"<svg[^>]*>", lambda _: f"{opening} {attributes}>", svg, count=1)
