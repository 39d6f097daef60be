"""Where things are in the tree, and the build under test."""
import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[3]
BUILD = pathlib.Path(os.environ.get("SALLYPORT_BUILD", ROOT / "build" / "release")).resolve()
SALLYPORT = BUILD / "sallyport"
DEMO = ROOT / "scripts" / "demo.d"

API = "api.bank.example"      # asks for client certificates
LOGIN = "login.bank.example"  # does not
