// A bank's OpenID provider for the demo and the tests: plain HTTP on loopback, new keys every run.
//
//   node provider.mjs --run FOLDER [--port N] [--issuer URL] [--tls PKI --tls-client NAME]
//
// With --tls it also answers over TLS, with server.pem and server.key of the folder PKI, and the client
// sallyport-tls proves itself by a certificate of client-ca.pem for the DNS name NAME (RFC 8705 section
// 2.1).
// --port 0 (the default) takes a free port; --issuer defaults to http://127.0.0.1:PORT. Writes into
// FOLDER, both with mode 600 because they hold secrets:
//   jwks.private.json  the signing keys, which mint.mjs takes to sign odd tokens
//   provider.json      issuer, port, endpoints, audience, scopes, and the clients with their secrets
// provider.json is written last: when it is there, the provider answers.
//
// Access tokens are JWTs (RFC 9068) for the audience below, signed with ES256 and valid for 900 s.
// Tests choose otherwise by a query on the resource indicator (RFC 8707) that they ask a token for:
//   https://api.bank.example/fdx/v6?alg=RS256    or PS256, ES256, EdDSA
//   https://api.bank.example/fdx/v6?ttl=3600     seconds
//   https://api.bank.example/fdx/v6?format=opaque
// A token request with a DPoP proof (RFC 9449) gets a token bound to its key; the client plaid-bound
// gets tokens bound to the certificate in the Client-Cert field (RFC 9440), as a terminator writes it.
// The authorization code flow signs in one fixed customer and consents by itself.
import { randomBytes, X509Certificate } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { errors, jose, Provider } from '../../tests/node/tools.mjs';

const AUDIENCE = 'https://api.bank.example/fdx/v6';
const SCOPES = ['Account', 'Customer', 'Transactions', 'Statements'];
const ALGORITHMS = ['ES256', 'RS256', 'PS256', 'EdDSA'];
const CUSTOMER = 'cust-00000042';
const REDIRECT_URI = 'https://cdn.plaid.com/link/v2/stable/oauth.html';

const secret = () => randomBytes(32).toString('hex');

const clients = [
  {
    client_id: 'plaid-demo',
    client_secret: secret(),
    redirect_uris: [REDIRECT_URI],
    grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
  },
  { // its tokens are bound to its certificate (RFC 8705 section 3)
    client_id: 'plaid-bound',
    client_secret: secret(),
    redirect_uris: [],
    response_types: [],
    grant_types: ['client_credentials'],
    tls_client_certificate_bound_access_tokens: true,
  },
  { // introspects on the gateway's behalf
    client_id: 'sallyport',
    client_secret: secret(),
    redirect_uris: [],
    response_types: [],
    grant_types: ['client_credentials'],
  },
];

const tlsClient = (name) => ({ // as above, without a secret
  client_id: 'sallyport-tls',
  token_endpoint_auth_method: 'tls_client_auth',
  tls_client_auth_san_dns: name,
  redirect_uris: [],
  response_types: [],
  grant_types: ['client_credentials'],
});

async function makeKeys() {
  const keys = await Promise.all(ALGORITHMS.map(async (alg) => {
    const { privateKey } = await jose.generateKeyPair(alg, { extractable: true });
    const kid = `demo-${alg.toLowerCase()}`;
    return { ...(await jose.exportJWK(privateKey)), kid, alg, use: 'sig' };
  }));
  return { keys };
}

// What a token for `resource` looks like; only the demo API is known here (RFC 8707 section 2).
function resourceServer(ctx, resource) {
  const url = new URL(resource);
  const wish = url.searchParams;
  const alg = wish.get('alg') ?? 'ES256';
  if (`${url.origin}${url.pathname}` !== AUDIENCE || !ALGORITHMS.includes(alg)) {
    throw new errors.InvalidTarget();
  }
  return {
    scope: SCOPES.join(' '),
    audience: AUDIENCE,
    accessTokenTTL: Number(wish.get('ttl') ?? 900),
    accessTokenFormat: wish.get('format') === 'opaque' ? 'opaque' : 'jwt',
    jwt: { sign: { alg, kid: `demo-${alg.toLowerCase()}` } },
  };
}

// The certificate as RFC 9440 conveys it, in the form that the provider wants.
function conveyedCertificate(ctx) {
  const match = /^:([A-Za-z0-9+/=]+):$/.exec(ctx.get('client-cert'));
  return match ? new X509Certificate(Buffer.from(match[1], 'base64')) : shownCertificate(ctx);
}

// The certificate of the connection itself, where there is TLS.
const shownCertificate = (ctx) => ctx.req.socket.getPeerX509Certificate?.();

const isShownFor = (ctx, property, name) => property === 'tls_client_auth_san_dns'
  && shownCertificate(ctx)?.checkHost(name, { subject: 'never', wildcards: false }) === name;

const lifetime = (ctx, token) => token.resourceServer?.accessTokenTTL ?? 900;

function configuration(jwks) {
  return {
    jwks,
    clients,
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'tls_client_auth'],
    scopes: ['openid', 'offline_access'],
    cookies: { keys: [secret()] },
    pkce: { required: () => false },
    findAccount: (ctx, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
    // A token of the client itself belongs to no grant; it gets a consent that tests can name.
    extraTokenClaims: (ctx, token) => ({ fdxConsentId: token.grantId ?? 'consent-demo-0001' }),
    issueRefreshToken: (ctx, client, code) => code.scopes.has('offline_access'),
    interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
    ttl: {
      AccessToken: lifetime,
      ClientCredentials: lifetime,
      Grant: 86400,
      IdToken: 900,
      Interaction: 600,
      RefreshToken: 86400,
      Session: 86400,
    },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      dPoP: { enabled: true },
      mTLS: {
        enabled: true,
        certificateBoundAccessTokens: true,
        getCertificate: conveyedCertificate,
        tlsClientAuth: true,
        certificateAuthorized: (ctx) => ctx.req.socket.authorized === true,
        certificateSubjectMatches: isShownFor,
      },
      revocation: { enabled: true },
      introspection: {
        enabled: true,
        allowedPolicy: (ctx, client) => client.clientId.startsWith('sallyport'),
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => AUDIENCE,
        useGrantedResource: () => true,
        getResourceServerInfo: resourceServer,
      },
    },
  };
}

// Stands for the bank's sign-in and consent pages.
async function approve(provider, request, response) {
  const { params } = await provider.interactionDetails(request, response);
  const grant = new provider.Grant({ accountId: CUSTOMER, clientId: params.client_id });
  grant.addOIDCScope('openid offline_access');
  for (const resource of [params.resource ?? AUDIENCE].flat()) {
    grant.addResourceScope(resource, SCOPES.join(' '));
  }
  const result = { login: { accountId: CUSTOMER }, consent: { grantId: await grant.save() } };
  await provider.interactionFinished(request, response, result);
}

function serve(server, provider) {
  const callback = provider.callback();
  server.on('request', (request, response) => {
    if (!request.url.startsWith('/interaction/')) {
      callback(request, response);
      return;
    }
    approve(provider, request, response).catch((error) => {
      response.writeHead(400, { 'content-type': 'text/plain' }).end(`${error.message}\n`);
    });
  });
}

const listen = (server, port) => new Promise((resolve, reject) => {
  server.once('error', reject).listen(port, '127.0.0.1', () => resolve(server.address().port));
});

const tlsServer = (pki) => createTlsServer({
  cert: readFileSync(join(pki, 'server.pem')),
  key: readFileSync(join(pki, 'server.key')),
  ca: readFileSync(join(pki, 'client-ca.pem')),
  requestCert: true,
  rejectUnauthorized: false, // who it is is for the provider to judge
});

function writeSecret(folder, name, content) {
  const path = join(folder, name);
  writeFileSync(`${path}.new`, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  chmodSync(`${path}.new`, 0o600);
  renameSync(`${path}.new`, path);
}

async function main() {
  const { values } = parseArgs({
    options: {
      run: { type: 'string' }, port: { type: 'string', default: '0' }, issuer: { type: 'string' },
      tls: { type: 'string' }, 'tls-client': { type: 'string' },
    },
  });
  if (!values.run) throw new Error('--run FOLDER is missing');
  mkdirSync(values.run, { recursive: true });

  const server = createServer();
  const port = await listen(server, Number(values.port));
  const secure = values.tls && tlsServer(values.tls);
  const tlsPort = secure && await listen(secure, 0);
  if (secure) clients.push(tlsClient(values['tls-client']));
  const origin = `http://127.0.0.1:${port}`;
  const issuer = values.issuer ?? origin;

  const jwks = await makeKeys();
  const provider = new Provider(issuer, configuration(jwks));
  serve(server, provider);
  if (secure) serve(secure, provider);
  writeSecret(values.run, 'jwks.private.json', jwks);
  writeSecret(values.run, 'provider.json', {
    issuer,
    port,
    audience: AUDIENCE,
    scopes: SCOPES,
    customer: CUSTOMER,
    endpoints: {
      jwks: `${origin}/jwks`,
      authorization: `${origin}/auth`,
      token: `${origin}/token`,
      introspection: `${origin}/token/introspection`,
      revocation: `${origin}/token/revocation`,
      ...(secure && { introspection_tls: `https://localhost:${tlsPort}/token/introspection` }),
    },
    clients: Object.fromEntries(clients.filter((c) => c.client_secret)
      .map((c) => [c.client_id, c.client_secret])),
  });
  console.log(`listening on ${origin}, issuer ${issuer}`);
}

main().catch((error) => {
  console.error(`provider: ${error.message}`);
  process.exit(1);
});
