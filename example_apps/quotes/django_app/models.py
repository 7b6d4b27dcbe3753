"""The tables of schema.sql, which Django reads and writes but does not create."""

from django.db import models


class Author(models.Model):
    name = models.TextField()

    class Meta:
        managed = False
        db_table = "authors"

    def __str__(self) -> str:
        return self.name


class QuoteSet(models.QuerySet["Quote"]):
    def shuffled(self) -> "QuoteSet":
        """In random order: its first row is a random quote."""
        return self.order_by("?")


class Quote(models.Model):
    author = models.ForeignKey(Author, on_delete=models.CASCADE, related_name="quotes")
    text = models.TextField()
    views = models.BigIntegerField(default=0)

    objects = QuoteSet.as_manager()

    class Meta:
        managed = False
        db_table = "quotes"

    def __str__(self) -> str:
        return self.text
