import { useApp } from "../../app-context";
import {
    AssetWorkspacesFragmentDoc,
    AssetWorkspacesOfOrganizationDocument,
    type FragmentType,
    read,
} from "../../documents";
import { Bars, summed } from "../../parts/Bars";
import { Panel } from "../../parts/Panel";
import type { AssetVariables } from "./scope";

type Props = { metrics: FragmentType<typeof AssetWorkspacesFragmentDoc>; variables: AssetVariables };

export function AssetWorkspaces({ metrics, variables }: Props) {
    const { speech, filters, change } = useApp();
    const { say } = speech;
    const { points } = read(AssetWorkspacesFragmentDoc, metrics).workspaces;
    const ids = new Map(points.map(({ workspace }) => [workspace?.name ?? "", workspace?.id]));
    const bars = summed(points, ({ workspace }) => workspace?.name ?? "");
    const head: [string, string] = [say("workspace"), say(variables.viewType === "VIEW_3D" ? "view3D" : "viewAR")];
    const choosing = (name: string) => () => change({ workspace: ids.get(name) ?? null });
    return (
        <Panel
            title={say("workspaces")}
            subtitle={head[1]}
            query={{ document: AssetWorkspacesOfOrganizationDocument, variables }}
            table={{ head, rows: bars.map(({ name, count }) => [name, count]) }}
            isTable
        >
            <Bars
                bars={bars.map((bar) => ({ ...bar, choose: filters.workspace ? undefined : choosing(bar.name) }))}
                head={head}
                caption={say("workspaces")}
            />
        </Panel>
    );
}
