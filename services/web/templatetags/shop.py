"""Template tags of the shop: money, stars."""

from django import template
from django.utils.html import format_html

register = template.Library()


@register.filter
def price(cents: int) -> str:
    """`1290` → `€12.90`."""
    return f"€{cents // 100:,}.{cents % 100:02}"


@register.simple_tag
def stars(rating: float | None, count: int | None = None) -> str:
    """Five stars, filled to the half star; said in words to those who cannot see them."""
    if not rating:
        return format_html('<span class="rating rating-none">No reviews yet</span>') if count is not None else ""
    halves = round(rating * 2)
    number = "" if count is None else format_html(' <span class="rating-count">({})</span>', count)
    return format_html(
        '<span class="rating"><span class="stars stars-{}" role="img" aria-label="{} of 5 stars"></span>{}</span>',
        halves, f"{rating:g}", number,
    )  # fmt: skip
