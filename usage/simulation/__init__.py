"""Call traffic over the REST API as a telephony service would send it: `manage.py simulate_calls`."""
