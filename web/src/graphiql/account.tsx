import { useState, type FormEvent } from "react";
import logo from "../logo.svg";
import { signIn, signOut, type Session } from "./session";

interface Props {
  session: Session | null;
  onChange(session: Session | null): void;
}

/** The bar above GraphiQL: who is asking. */
export function Account({ session, onChange }: Props) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    setBusy(true);
    setProblem("");
    try {
      onChange(await signIn(String(fields.get("username")), String(fields.get("password")), "1"));
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  }

  return (
    <header className="account">
      <a className="home" href="./">
        <img src={logo} alt="" width="24" height="24" />
        Manyfin
      </a>
      {session ? (
        <div className="who">
          <span>
            Signed in as <strong>{session.name}</strong>
          </span>
          <button className="plain" type="button" onClick={() => void signOut(session).then(() => onChange(null))}>
            Sign out
          </button>
        </div>
      ) : (
        <form onSubmit={(event) => void submit(event)}>
          <label className="hidden-label" htmlFor="username">
            User name
          </label>
          <input id="username" name="username" placeholder="User name" autoComplete="username" autoCapitalize="none" required />
          <label className="hidden-label" htmlFor="password">
            Password
          </label>
          <input id="password" name="password" type="password" placeholder="Password" autoComplete="current-password" />
          <button type="submit" disabled={busy}>
            Sign in
          </button>
        </form>
      )}
      <p className="problem" role="alert" hidden={!problem}>
        {problem}
      </p>
    </header>
  );
}
