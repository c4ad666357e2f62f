// Tests code that requests tokens. Needs Node 18 or later and no packages:
//   smartextract emulator -- node --test examples/node/token.test.mjs
import assert from "node:assert/strict";
import test from "node:test";

const { SMARTEXTRACT_TOKEN_URL, SMARTEXTRACT_KEY, SMARTEXTRACT_SECRET } = process.env;

// Import your application's function instead.
async function requestToken(key, secret) {
  const response = await fetch(SMARTEXTRACT_TOKEN_URL, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ key, secret }),
    redirect: "error", // The body contains the secret.
    signal: AbortSignal.timeout(30_000),
  });
  return { status: response.status, body: await response.json() };
}

test("valid credentials get a token", async () => {
  const { status, body } = await requestToken(SMARTEXTRACT_KEY, SMARTEXTRACT_SECRET);
  assert.equal(status, 200);
  // Not assert.equal or assert.match: a failure would print the token.
  assert.ok(typeof body.data.token === "string" && body.data.token !== "");
});

test("a wrong secret is rejected", async () => {
  const { status, body } = await requestToken(SMARTEXTRACT_KEY, "wrong");
  assert.equal(status, 401);
  assert.equal(body.error, "Invalid credentials provided");
});
