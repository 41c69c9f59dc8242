import { useRef, useState } from "react";
import { useGraphiQL } from "@graphiql/react";

/** The accounts' tokens: kept for as long as the tab of the browser is open, as its headers are. */
const TOKENS = "viewgraph:demo-tokens";
const LOGIN = `mutation Login($email: String!, $password: String!) {
  login(input: {password: {email: $email, password: $password}}) { accessToken }
}`;

/** One button for each account of the demo: it puts the account's token into the headers of the tab. */
export function DemoSignIns({ url, accounts, password }) {
  const headerEditor = useGraphiQL((state) => state.headerEditor);
  const shown = useGraphiQL((state) => state.tabs[state.activeTabIndex]?.headers);
  const tokens = useRef(new Map(JSON.parse(sessionStorage.getItem(TOKENS) ?? "[]")));
  const [complaint, setComplaint] = useState("");

  async function signIn(email) {
    setComplaint("");
    try {
      const token = tokens.current.get(email) ?? (await tokenOf(url, email, password));
      tokens.current.set(email, token);
      sessionStorage.setItem(TOKENS, JSON.stringify([...tokens.current]));
      headerEditor.setValue(withToken(headerEditor.getValue(), token));
    } catch (error) {
      setComplaint(error.message);
    }
  }

  function signOut() {
    setComplaint("");
    headerEditor.setValue(withToken(headerEditor.getValue(), undefined));
  }

  const known = [...tokens.current].find(([, token]) => shown?.includes(token));
  return (
    <div className="graphiql-container demo-sign-ins" role="toolbar" aria-label="Demo sign-ins">
      <span>Sign in as</span>
      {accounts.map(({ name, email, words }) => (
        <button
          key={email}
          type="button"
          title={`${email} ${words}`}
          aria-pressed={known?.[0] === email}
          disabled={!headerEditor}
          onClick={() => signIn(email)}
        >
          {name}
        </button>
      ))}
      <button type="button" aria-pressed={!known && !shown?.includes("Bearer")} disabled={!headerEditor} onClick={signOut}>
        nobody
      </button>
      <span role="status">{complaint}</span>
    </div>
  );
}

async function tokenOf(url, email, password) {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify({ query: LOGIN, variables: { email, password } }),
  });
  const { data, errors } = await response.json();
  if (!data?.login) throw new Error(errors?.[0]?.message ?? `HTTP ${response.status}`);
  return data.login.accessToken;
}

/** Adds or removes the token. Other headers stay; a text that is not JSON is replaced. */
function withToken(text, token) {
  let headers = {};
  try {
    headers = JSON.parse(text || "{}");
  } catch {
    // GraphiQL would not send a half-typed text either.
  }
  const others = Object.entries(headers).filter(([name]) => name.toLowerCase() !== "authorization");
  const all = token ? [...others, ["Authorization", `Bearer ${token}`]] : others;
  return all.length ? JSON.stringify(Object.fromEntries(all), null, 2) : "";
}
