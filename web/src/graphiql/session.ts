// The token lives as long as the tab: a closed tab is signed out here.
const TOKEN = "manyfin.token";
const NAME = "manyfin.name";
const DEVICE = "manyfin.device";

export interface Session {
  token: string;
  name: string;
}

export function current(): Session | null {
  const token = sessionStorage.getItem(TOKEN);
  const name = sessionStorage.getItem(NAME);
  return token && name ? { token, name } : null;
}

function keep(session: Session | null): void {
  if (session) {
    sessionStorage.setItem(TOKEN, session.token);
    sessionStorage.setItem(NAME, session.name);
  } else {
    sessionStorage.removeItem(TOKEN);
    sessionStorage.removeItem(NAME);
  }
}

/** One id a browser, so that each sign-in here is one device in the list of devices. */
function deviceId(): string {
  const known = localStorage.getItem(DEVICE);
  if (known) return known;
  // `randomUUID` is missing outside HTTPS.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const made = `graphiql-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
  localStorage.setItem(DEVICE, made);
  return made;
}

export const endpoint = new URL("graphql", location.href);

export function socketEndpoint(): string {
  const address = new URL("graphql/ws", location.href);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  return address.href;
}

interface Answer<T> {
  data?: T | null;
  errors?: { message: string }[];
}

async function ask<T>(query: string, variables: Record<string, unknown>, token?: string): Promise<T> {
  const answer = await fetch(endpoint, {
    method: "POST",
    credentials: "omit",
    headers: {
      "Content-Type": "application/json",
      Accept: "application/graphql-response+json, application/json",
      ...(token ? { Authorization: `Bearer ${token}` } : {}),
    },
    body: JSON.stringify({ query, variables }),
  });
  let body: Answer<T>;
  try {
    body = (await answer.json()) as Answer<T>;
  } catch {
    throw new Error(`The server answered ${answer.status}.`);
  }
  if (body.errors?.length) throw new Error(body.errors.map((error) => error.message).join(" "));
  if (!body.data) throw new Error(`The server answered ${answer.status}.`);
  return body.data;
}

const SIGN_IN = `mutation SignIn($username: String!, $password: String!, $device: DeviceInput!) {
  signIn(username: $username, password: $password, device: $device) { token user { name } }
}`;

export async function signIn(username: string, password: string, version: string): Promise<Session> {
  const device = { client: "GraphiQL", deviceName: "Browser", deviceId: deviceId(), version };
  const data = await ask<{ signIn: { token: string; user: { name: string } } }>(SIGN_IN, { username, password, device });
  const session = { token: data.signIn.token, name: data.signIn.user.name };
  keep(session);
  return session;
}

export async function signOut(session: Session): Promise<void> {
  keep(null);
  try {
    await ask("mutation { signOut }", {}, session.token);
  } catch {
    // The session may have ended already; here it has in any case.
  }
}
