#!/bin/sh
DB_PASSWORD=$(grep DB_PASSWORD .env | cut -d= -f2)
export AWS_SECRET_ACCESS_KEY="$DEPLOY_SECRET"
curl -H "Authorization: token gh~~s_w7WzL2kXv9RtYb4Nc8Md1PsF6hJ3gA5eU0oI" https://api.github.com
