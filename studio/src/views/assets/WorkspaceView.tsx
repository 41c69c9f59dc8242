import { useEffect, useState } from "preact/hooks";
import { ask } from "../../api/ask";
import { useAnswer } from "../../api/useAnswer";
import { useApp } from "../../app-context";
import { AssetTotalsFragmentDoc, WorkspaceTokenDocument, WorkspaceViewDocument, read } from "../../documents";
import { Figures } from "../../parts/Figures";
import { Problem, problemOf, useDropping } from "../../parts/Problem";
import { AssetPage } from "./AssetPage";
import { nameOf, variablesOf } from "./scope";

/** Members see a workspace with a token for it, which this gets when their own is not enough. */
export function WorkspaceView({ id }: { id: string }) {
    const { filters, moment, session } = useApp();
    const [token, setToken] = useState<string | undefined>(undefined);
    const variables = variablesOf({ kind: "workspace", id }, filters, moment);
    const asked = useAnswer(WorkspaceViewDocument, variables, token);
    useDropping(asked.answer?.errors);
    const problem = problemOf(asked.answer?.errors ?? []);
    const workspace = asked.answer?.data?.workspace;
    const needsToken = problem?.kind === "forbidden" && session && !token ? workspace?.organization.id : undefined;

    useEffect(() => setToken(undefined), [session]);
    useEffect(() => {
        if (!needsToken) return;
        ask(WorkspaceTokenDocument, { organizationId: needsToken, workspaceId: id }, { token: session?.token })
            .then(({ data }) => setToken(data?.issueWorkspaceToken?.accessToken ?? ""))
            .catch(() => setToken(""));
    }, [needsToken]);

    return (
        <Figures asked={asked}>
            {() => {
                if (needsToken) return null;
                if (!workspace?.metrics) return <Problem problem={problem} again={asked.again} />;
                return (
                    <AssetPage
                        title={`${workspace.organization.name}: ${workspace.name}`}
                        metrics={workspace.metrics}
                        totals={read(AssetTotalsFragmentDoc, workspace.metrics)}
                        before={read(AssetTotalsFragmentDoc, workspace.before)}
                        variables={variables}
                        asset={nameOf(asked.answer?.data?.asset)}
                        workspaces={[]}
                        token={token}
                    />
                );
            }}
        </Figures>
    );
}
