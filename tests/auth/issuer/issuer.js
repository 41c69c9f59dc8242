// An issuer of OpenID Connect on loopback. It makes a key of its own at each start.
//
// node issuer.js PORT KEY_NAME
import { generateKeyPairSync } from "node:crypto";
import Provider from "oidc-provider";

const [port, kid] = process.argv.slice(2);
const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const key = { ...privateKey.export({ format: "jwk" }), kid, use: "sig", alg: "RS256" };

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    {
      client_id: "viewgraph-app",
      client_secret: "a secret of the tests, which protects nothing",
      redirect_uris: ["https://app.example.com/signed-in"],
    },
  ],
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name", "preferred_username"] },
  conformIdTokenClaims: false,
  cookies: { keys: ["a key of the tests"] },
  findAccount: (_, sub) => ({
    accountId: sub,
    claims: () => ({
      sub,
      email: `${sub}@example.com`,
      email_verified: true,
      name: sub,
      preferred_username: sub,
    }),
  }),
  jwks: { keys: [key] },
  pkce: { required: () => false },
});
provider.listen(Number(port), "127.0.0.1");
