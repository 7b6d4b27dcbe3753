"""The table of schema.sql, which Django reads but does not create."""

from django.db import models


class Country(models.Model):
    name = models.TextField()

    class Meta:
        managed = False

    def __str__(self) -> str:
        return self.name
