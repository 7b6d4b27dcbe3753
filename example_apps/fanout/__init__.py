"""A Django project that asks a slow upstream API three times per request, side by side."""
