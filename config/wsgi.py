"""The WSGI application that granian serves.

What start-up has made stays for the life of the process: it is taken out of the garbage collector's sight, which then
runs less often, because an array of a thousand events makes many objects and no cycles.
"""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()

gc.collect()
gc.freeze()
gc.set_threshold(50_000, 20, 20)
