provider "aws" {
  access_key = "AKI~~AQ7ZXV3NMT2KR4YLP"
  secret_key = var.secret_key
}
resource "random_password" "db" { length = 32 }
