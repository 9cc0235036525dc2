from alpine
env secret_key=mK8xPz3vLw9Q
env access_token_ttl=3600
run true
