import { Suspense } from "react";
import { createRoot } from "react-dom/client";
import { RelayEnvironmentProvider } from "react-relay";
import { createEnvironment } from "./environment";
import { Publications } from "./Publications";
import { signIn } from "./sign-in";

let token: string | undefined;
const environment = createEnvironment("/graphql", () => token);

token = await signIn(environment, "owner@demo.test", "viewgraph-demo");
createRoot(document.body).render(
  <RelayEnvironmentProvider environment={environment}>
    <Suspense fallback="…">
      <Publications />
    </Suspense>
  </RelayEnvironmentProvider>,
);
