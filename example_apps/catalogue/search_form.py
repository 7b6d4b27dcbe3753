"""What can be searched for."""

from typing import NamedTuple

from django import forms

LARGEST_PAGE = 10_000


class Wanted(NamedTuple):
    """A word (empty: everything), and the part of what is found: `size` items after the first `skipped`."""

    word: str
    size: int
    skipped: int


class SearchForm(forms.Form):
    """``?q=lamp&page=2&page_size=50``; all of them may be missing."""

    q = forms.CharField(required=False)
    page = forms.IntegerField(required=False, min_value=1, max_value=1_000_000)
    page_size = forms.IntegerField(required=False, min_value=1, max_value=LARGEST_PAGE)

    def wanted(self) -> Wanted:
        """The search, of a form that is valid."""
        size = self.cleaned_data["page_size"] or 20
        page = self.cleaned_data["page"] or 1
        return Wanted(self.cleaned_data["q"].lower(), size, (page - 1) * size)
