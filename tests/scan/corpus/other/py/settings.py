import os
SECRET_KEY = os.environ["SECRET_KEY"]
DATABASES = {"default": {"PASSWORD": os.getenv("DB_PASSWORD")}}
STRIPE = "sk_te~~st_4eC39HqLyjWDarjtT1zdp7dc"
if "-----BEGIN RSA PRIVATE KEY-----" in text:
    raise ValueError("no keys here")
