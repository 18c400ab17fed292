"""Every pair of text and ground that the design system uses, in both themes, computed from tokens.css itself."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

TOKENS = Path(__file__).resolve().parents[2] / "static" / "css" / "tokens.css"
THEMES = ("light", "dark")
GROUNDS = ("paper", "card", "rail", "rail-hover", "pill", "sunk")
TONES = ("good", "warn", "bad", "info", "brand")

PAIRS = (
    [(ink, ground) for ink in ("ink-1", "ink-2") for ground in GROUNDS]
    + [("ink-3", ground) for ground in ("paper", "card", "rail", "sunk")]
    + [("ink-1", f"{tone}-soft") for tone in TONES]
    + [("ink-2", f"{tone}-soft") for tone in TONES]
    + [(tone, f"{tone}-soft") for tone in TONES]
    + [(tone, ground) for tone in TONES for ground in ("paper", "card", "sunk")]
    + [("on-brand", "brand"), ("on-brand", "brand-strong")]
)


def _token_colours() -> dict[str, dict[str, tuple[float, float, float]]]:
    found: dict[str, dict[str, tuple[float, float, float]]] = {theme: {} for theme in THEMES}
    pattern = r"--([\w-]+): light-dark\(oklch\(([^)]+)\), oklch\(([^)]+)\)\);"
    for name, light, dark in re.findall(pattern, TOKENS.read_text(encoding="utf-8")):
        for theme, text in (("light", light), ("dark", dark)):
            lightness, chroma, hue = text.split("/")[0].split()[:3]
            found[theme][name] = (float(lightness.rstrip("%")) / 100, float(chroma), float(hue))
    return found


def _luminance(colour: tuple[float, float, float]) -> float:
    """Relative luminance (WCAG 2) of an OKLCH colour, channels clipped to sRGB (Ottosson's matrices)."""
    lightness, chroma, hue = colour
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    red = 4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short
    red, green, blue = (min(max(channel, 0.0), 1.0) for channel in (red, green, blue))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: tuple[float, float, float], other: tuple[float, float, float]) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_known_contrasts() -> None:
    white, black = (1.0, 0.0, 0.0), (0.0, 0.0, 0.0)
    assert round(_contrast(white, black), 2) == 21.0
    # #ff0000 is oklch(62.796% 0.25768 29.234); its contrast with white is 4.00 (3.998) by WCAG's formula.
    assert round(_contrast((0.62796, 0.25768, 29.234), white), 2) == 4.0


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("ink", "ground"), PAIRS)
def test_text_reaches_four_and_a_half(theme: str, ink: str, ground: str) -> None:
    colours = _token_colours()[theme]
    assert _contrast(colours[ink], colours[ground]) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
def test_edges_of_controls_and_focus_reach_three(theme: str) -> None:
    colours = _token_colours()[theme]
    for edge in ("edge", "focus"):
        for ground in ("paper", "card"):
            assert _contrast(colours[edge], colours[ground]) >= 3.0
