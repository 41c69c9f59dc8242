import "./workers.js";
import { createRoot } from "react-dom/client";
import { DOC_EXPLORER_PLUGIN, DocExplorerStore } from "@graphiql/plugin-doc-explorer";
import { HISTORY_PLUGIN, HistoryStore } from "@graphiql/plugin-history";
import { GraphiQLProvider } from "@graphiql/react";
import { GraphiQLInterface } from "graphiql";
import "@graphiql/react/style.css";
import "@graphiql/plugin-doc-explorer/style.css";
import "@graphiql/plugin-history/style.css";
import "graphiql/graphiql.css";
import "./style.css";
import { DemoSignIns } from "./demo.jsx";
import { currentFetcher } from "./fetcher.js";
import { shownTab, storage } from "./storage.js";
import { firstTabs, linkedTab } from "./tabs.js";

const PLUGINS = [DOC_EXPLORER_PLUGIN, HISTORY_PLUGIN];
const place = document.getElementById("graphiql");
// The server writes this into the page, but only in demo mode.
const demo = place.dataset.demo && JSON.parse(place.dataset.demo);
const endpoint = new URL(location.pathname, location.href);
const fetcher = currentFetcher({
  url: endpoint.href,
  subscriptionUrl: endpoint.href.replace(/^http/, "ws"),
});

const linked = linkedTab();
// Otherwise each reload would bring it back.
if (linked) history.replaceState(null, "", location.pathname);
const tabs = firstTabs(Boolean(demo));
const shown = linked ?? shownTab();

createRoot(place).render(
  <GraphiQLProvider
    fetcher={fetcher}
    defaultQuery={tabs[0].query}
    defaultTabs={linked ? [linked, ...tabs] : tabs}
    initialQuery={shown?.query ?? undefined}
    initialVariables={shown?.variables ?? undefined}
    initialHeaders={shown?.headers ?? undefined}
    shouldPersistHeaders
    plugins={PLUGINS}
    referencePlugin={DOC_EXPLORER_PLUGIN}
    inputValueDeprecation
    schemaDescription
    storage={storage}
  >
    <HistoryStore>
      <DocExplorerStore>
        {demo && <DemoSignIns url={endpoint.href} {...demo} />}
        <GraphiQLInterface
          defaultEditorToolsVisibility={demo ? "headers" : undefined}
          showPersistHeadersSettings={false}
        />
      </DocExplorerStore>
    </HistoryStore>
  </GraphiQLProvider>,
);
