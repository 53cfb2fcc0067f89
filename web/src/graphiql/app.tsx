import { explorerPlugin } from "@graphiql/plugin-explorer";
import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { GraphiQL, HISTORY_PLUGIN } from "graphiql";
import { createClient } from "graphql-ws";
import { useEffect, useMemo, useState } from "react";
import { Account } from "./account";
import { current, endpoint, socketEndpoint, type Session } from "./session";

const FIRST_QUERY = `# Manyfin's API. Sign in above, then press Ctrl+Enter.
# The documentation is behind the book, a query builder behind the folder on the left.

query Shelf {
  viewer {
    user {
      name
    }
  }
  views {
    id
    name
    collectionType
  }
}
`;

const plugins = [HISTORY_PLUGIN, explorerPlugin()];

function transport(session: Session | null) {
  const headers: Record<string, string> = session ? { Authorization: `Bearer ${session.token}` } : {};
  const socket = createClient({ url: socketEndpoint(), lazy: true, connectionParams: headers });
  const fetcher = createGraphiQLFetcher({ url: endpoint.href, headers, wsClient: socket });
  return { fetcher, close: () => void socket.dispose() };
}

export function App() {
  const [session, setSession] = useState(current);
  const { fetcher, close } = useMemo(() => transport(session), [session]);
  useEffect(() => close, [close]);
  return (
    <div className="page">
      <Account session={session} onChange={setSession} />
      {/* Made anew for another viewer: nothing that one has been answered stays for the next. */}
      <GraphiQL key={session?.token ?? ""} fetcher={fetcher} plugins={plugins} defaultQuery={FIRST_QUERY} shouldPersistHeaders={false} />
    </div>
  );
}
