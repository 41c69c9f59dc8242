import { useApp } from "../../app-context";
import {
    AssetSitesFragmentDoc,
    AssetSitesOfOrganizationDocument,
    AssetSitesOfWorkspaceDocument,
    type FragmentType,
    read,
} from "../../documents";
import { Bars, summed } from "../../parts/Bars";
import { Panel } from "../../parts/Panel";
import { siteName } from "../../parts/sites";
import { type AssetVariables, queryFor } from "./scope";

type Props = { metrics: FragmentType<typeof AssetSitesFragmentDoc>; variables: AssetVariables };

export function AssetSites({ metrics, variables }: Props) {
    const { speech, filters, change } = useApp();
    const { say } = speech;
    const { points } = read(AssetSitesFragmentDoc, metrics).sites;
    const domains = new Map(points.map(({ domain }) => [siteName(domain, say), domain ?? null]));
    const bars = summed(points, ({ domain }) => siteName(domain, say));
    const head: [string, string] = [say("site"), say(variables.viewType === "VIEW_3D" ? "view3D" : "viewAR")];
    function choosing(name: string): (() => void) | undefined {
        const domain = domains.get(name);
        return domain && !filters.domain ? () => change({ domain }) : undefined;
    }
    return (
        <Panel
            title={say("sites")}
            subtitle={head[1]}
            query={queryFor(variables, AssetSitesOfOrganizationDocument, AssetSitesOfWorkspaceDocument)}
            table={{ head, rows: bars.map(({ name, count }) => [name, count]) }}
            isTable
        >
            <Bars
                bars={bars.map((bar) => ({ ...bar, choose: choosing(bar.name) }))}
                head={head}
                caption={say("sites")}
            />
        </Panel>
    );
}
