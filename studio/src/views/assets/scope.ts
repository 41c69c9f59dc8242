import type { Filters } from "../../address";
import { rangesOf } from "../../address";
import type { PanelQuery } from "../../parts/Panel";

/** Whose assets are shown. */
export type Scope = { kind: "organization" | "workspace"; id: string };

export type AssetVariables = ReturnType<typeof variablesOf>;

/** Of every query of the view. */
export function variablesOf({ kind, id }: Scope, filters: Filters, moment: Date) {
    const { interval, domain, workspace, asset, viewType, ranking } = filters;
    return {
        id,
        ...rangesOf(filters, moment),
        interval,
        domain,
        assetIds: asset ? [asset] : null,
        asset: asset ?? "",
        isOfAsset: asset !== null,
        ...(kind === "organization" && { workspaceIds: workspace ? [workspace] : null }),
        viewType,
        orderBy: ranking,
    };
}

/** The query of a panel, for an organization or for a workspace. */
export function queryFor(
    variables: AssetVariables,
    ofOrganization: PanelQuery["document"],
    ofWorkspace: PanelQuery["document"],
): PanelQuery {
    return { document: "workspaceIds" in variables ? ofOrganization : ofWorkspace, variables };
}

/** Of the one asset that is chosen, if one is. */
export function nameOf(asset: { name?: string } | null | undefined): string | undefined {
    return asset?.name;
}
