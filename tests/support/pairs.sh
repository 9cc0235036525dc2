# shellcheck shell=bash
# The pairs of examples/, before and after, for the tests. Sourced after agent.sh.

PAIRS=(wordpress-mariadb nextcloud grafana linuxserver no-file-convention)

# What compose calls each pair's project.
declare -A PAIR_PROJECT=([wordpress-mariadb]=blog [nextcloud]=cloud [grafana]=metrics
	[linuxserver]=linuxserver [no-file-convention]=shop)

# pair_values PAIR: "SERVICE VARIABLE FILE VALUE" a line, of every secret that an application of it gets.
pair_values() {
	awk -v pair="$1" '$1 == pair { print $2, $3, $4, $5 }' <<-'TABLE'
		wordpress-mariadb wordpress WORDPRESS_DB_PASSWORD wordpress_db_password kS7vQx2pLm9Rt4wZ
		wordpress-mariadb wordpress WORDPRESS_AUTH_KEY wordpress_auth_key u$8Wm!c4Zr#1qYe%Ho6Tn^Xp3
		wordpress-mariadb db MARIADB_PASSWORD mariadb_password kS7vQx2pLm9Rt4wZ
		wordpress-mariadb db MARIADB_ROOT_PASSWORD mariadb_root_password Jd5nGy8bVc3Tz6hK
		nextcloud db POSTGRES_PASSWORD postgres_password Wq4mXr9zTb2KfN7s
		nextcloud redis REDIS_PASSWORD redis_password hV6tPy3cLj8EwD5g
		nextcloud app POSTGRES_PASSWORD postgres_password Wq4mXr9zTb2KfN7s
		nextcloud app REDIS_HOST_PASSWORD redis_host_password hV6tPy3cLj8EwD5g
		nextcloud app NEXTCLOUD_ADMIN_PASSWORD nextcloud_admin_password mN2x!Rk7$Bq9uZ4a
		grafana grafana GF_SECURITY_ADMIN_PASSWORD gf_security_admin_password Gx8dTm3qWy6LzB1n
		grafana grafana GF_SECURITY_SECRET_KEY gf_security_secret_key Qe4vTn8sKz2bWx6mYc9pLr3d
		grafana grafana GF_SMTP_PASSWORD smtp_password pL9wZs4vHc6RyT2k
		linuxserver wiki APP_KEY app_key base64:6Yd0uVnqkBq3x8Zr1WmTgLh5pCeJ2sAf9oXiRb7Ny4w=
		linuxserver wiki DB_PASSWORD db_password Rz3fKp8wQn6YxV1c
		linuxserver mariadb MYSQL_PASSWORD mysql_password Rz3fKp8wQn6YxV1c
		linuxserver mariadb MYSQL_ROOT_PASSWORD mysql_root_password Bt9sMh4eZj7LdX2g
		no-file-convention api DATABASE_PASSWORD database_password Xc5vNb8mQw3Er6Ty
		no-file-convention api PAYMENT_API_KEY payment_api_key pk9Vd3sZx7Mq2WnB8tFy5Rc1
		no-file-convention worker DATABASE_PASSWORD database_password Xc5vNb8mQw3Er6Ty
		no-file-convention worker PAYMENT_API_KEY payment_api_key pk9Vd3sZx7Mq2WnB8tFy5Rc1
		no-file-convention id KC_DB_PASSWORD kc_db_password Uj7hGf2dSa9Po4Iu
		no-file-convention id KC_BOOTSTRAP_ADMIN_PASSWORD kc_bootstrap_admin_password Lk1jHg6fDs8Aq3Wz
	TABLE
}

# pair_words PAIR: what must be found nowhere afterwards: the values as they are, and as a compose
# file has to write a dollar.
pair_words() {
	pair_values "$1" | while read -r _ _ _ value; do printf '%s\n%s\n' "$value" "${value//\$/\$\$}"; done | sort -u
}

# pair_copy PAIR before|after FOLDER: one side, with the mount of $ROOT's agent for the system's.
pair_copy() {
	local file
	cp -a "$TOP/examples/$1/$2" "$3"
	while IFS= read -r -d '' file; do
		sed -i "s|/run/tacit/|$(mount_of)/|g" "$file"
	done < <(find "$3" -type f -print0)
}
