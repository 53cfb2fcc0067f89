// What the server tells the page; see `src/web/pages.rs`.
interface Start {
  version?: string;
  publicUrl?: string | null;
}

function told(): Start {
  try {
    return JSON.parse(document.getElementById("manyfin")?.textContent ?? "{}") as Start;
  } catch {
    // The page as Vite serves it in development has no server behind it.
    return {};
  }
}

function element<T extends HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found as T;
}

async function copy(text: string, from: HTMLElement): Promise<boolean> {
  // The clipboard is there only over HTTPS and on the machine itself.
  if (navigator.clipboard) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // Refused: the way below needs no leave.
    }
  }
  getSelection()?.selectAllChildren(from);
  return document.execCommand("copy");
}

function showAddress(publicUrl: string | null | undefined): void {
  const address = (publicUrl || new URL(".", location.href).href).replace(/\/+$/, "");
  const field = element("address");
  field.textContent = address;

  const host = new URL(address).hostname;
  element("loopback").hidden = !(host === "localhost" || host === "[::1]" || host.startsWith("127."));

  const button = element<HTMLButtonElement>("copy");
  button.hidden = false;
  button.addEventListener("click", async () => {
    const done = await copy(address, field);
    element("copied").textContent = done ? "Copied." : "Could not copy: the address is selected, copy it by hand.";
    button.textContent = done ? "Copied" : "Copy";
    setTimeout(() => {
      button.textContent = "Copy";
      element("copied").textContent = "";
    }, 4000);
  });
}

async function showState(): Promise<void> {
  const state = element("state");
  const show = (name: string, text: string) => {
    state.dataset["state"] = name;
    state.textContent = text;
    state.hidden = false;
  };
  try {
    const answer = await fetch("./health/ready", { cache: "no-store" });
    if (answer.ok) show("ready", "Running and ready");
    else show("starting", "Starting: the libraries are being read");
  } catch {
    show("down", "Not reachable right now");
  }
}

const start = told();
element("version").textContent = start.version ?? "";
showAddress(start.publicUrl);
void showState();
