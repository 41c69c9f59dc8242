import { useAnswer } from "../../api/useAnswer";
import { useApp } from "../../app-context";
import { AssetTotalsFragmentDoc, AssetsViewDocument, read } from "../../documents";
import { Figures } from "../../parts/Figures";
import { Link } from "../../parts/Link";
import { Problem, problemOf, useDropping } from "../../parts/Problem";
import { State } from "../../parts/State";
import { AssetPage } from "./AssetPage";
import { AssetWorkspaces } from "./AssetWorkspaces";
import { nameOf, variablesOf } from "./scope";

export function OrganizationView({ id }: { id: string }) {
    const { speech, filters, moment, session } = useApp();
    const { say } = speech;
    const variables = variablesOf({ kind: "organization", id }, filters, moment);
    const asked = useAnswer(AssetsViewDocument, variables);
    useDropping(asked.answer?.errors);
    return (
        <Figures asked={asked}>
            {({ data, errors }) => {
                const organization = data?.organization;
                const problem = problemOf(errors);
                if (!organization) return <Problem problem={problem} again={asked.again} />;
                const workspaces = organization.workspaces.edges.map(({ node }) => node);
                const { metrics, before } = organization;
                if (!metrics && problem?.kind !== "forbidden") return <Problem problem={problem} again={asked.again} />;
                if (!metrics) {
                    return (
                        <State symbol="🔒" title={say("chooseWorkspace")} words={say("chooseWorkspaceWords")}>
                            {workspaces.map((workspace) => (
                                <Link key={workspace.id} to={{ kind: "workspaces", name: workspace.id }} look="primary">
                                    {workspace.name}
                                </Link>
                            ))}
                        </State>
                    );
                }
                return (
                    <AssetPage
                        title={organization.name}
                        metrics={metrics}
                        totals={read(AssetTotalsFragmentDoc, metrics)}
                        before={read(AssetTotalsFragmentDoc, before)}
                        variables={variables}
                        asset={nameOf(data?.asset)}
                        workspaces={workspaces}
                        token={session?.token}
                    >
                        <AssetWorkspaces metrics={metrics} variables={variables} />
                    </AssetPage>
                );
            }}
        </Figures>
    );
}
