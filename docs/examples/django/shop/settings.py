import os

SECRET_KEY = "change me"
DEBUG = False
ALLOWED_HOSTS = ["shop.example.com"]
ROOT_URLCONF = "shop.urls"
INSTALLED_APPS = ["shop"]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": os.environ.get("PGHOST", "db.internal"),
        "PORT": os.environ.get("PGPORT", "5432"),
        "USER": os.environ.get("PGUSER", "shop"),
        "PASSWORD": os.environ.get("PGPASSWORD", ""),
        "NAME": os.environ.get("PGDATABASE", "shop"),
        "OPTIONS": {"pool": {"min_size": 2, "max_size": 8}} if os.environ.get("SHOP_POOL") == "1" else {},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
