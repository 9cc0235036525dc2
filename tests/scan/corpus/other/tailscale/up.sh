#!/bin/sh
tailscale up --authkey=tskey~~-auth-kQ7x3VCNTRL-9wZbN2mT5vR8yK4pL6sD1fG0hJ3a
tailscale up --authkey="$TS_AUTHKEY"
