"""Tests code that requests tokens. Needs only the standard library:

    smartextract emulator -- python3 examples/python/test_token.py
"""

import json
import os
import unittest
from urllib.error import HTTPError
from urllib.request import Request, urlopen

URL = os.environ["SMARTEXTRACT_TOKEN_URL"]
KEY = os.environ["SMARTEXTRACT_KEY"]
SECRET = os.environ["SMARTEXTRACT_SECRET"]


def request_token(key, secret):
    """Import your application's function instead."""
    body = json.dumps({"key": key, "secret": secret}).encode()
    request = Request(URL, body, {"Content-Type": "application/json"})
    try:
        with urlopen(request, timeout=30) as response:
            return response.status, json.load(response)
    except HTTPError as error:
        with error:
            return error.code, json.load(error)


class TokenTest(unittest.TestCase):
    def test_valid_credentials_get_a_token(self):
        status, body = request_token(KEY, SECRET)
        self.assertEqual(status, 200)
        # Not assertNotEqual or assertRegex: a failure would print the token.
        token = body["data"]["token"]
        self.assertTrue(isinstance(token, str) and token != "")

    def test_a_wrong_secret_is_rejected(self):
        status, body = request_token(KEY, "wrong")
        self.assertEqual(status, 401)
        self.assertEqual(body["error"], "Invalid credentials provided")


if __name__ == "__main__":
    unittest.main()
