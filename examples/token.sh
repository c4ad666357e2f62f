#!/bin/sh
# Requests a token and handles each kind of failure:
#   smartextract emulator --fail 503 -- examples/token.sh
#
# Exit codes, as in sysexits.h: 75 temporary failure, 77 key or secret rejected, 78 wrong settings,
# 70 any other failure. smartextract itself prints the cause to standard error.

token=$(smartextract token) || case $? in
  20 | 21 | 30 | 32) # network, timeout, server error, rate limit
    echo "no token: try again later" >&2
    exit 75 ;;
  10 | 11 | 12) # invalid credentials, disabled key, access denied
    echo "no token: check the key in the dashboard" >&2
    exit 77 ;;
  2 | 3 | 4) # arguments, settings, missing credentials
    echo "no token: fix the settings of this machine or job" >&2
    exit 78 ;;
  *)
    echo "no token: this needs a person" >&2
    exit 70 ;;
esac

# Use "$token" here. On a command line it would be visible in the process list.
echo "received a token of ${#token} characters" >&2
