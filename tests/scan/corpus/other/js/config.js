module.exports = {
  secret: process.env.SECRET,
  token: "your-token-here",
  key: "AIz~~aSyQkD8kX8vP2mQ7zR4tY9bN1cD5fG3hJ6kL",
  url: "https://example.com",
};
