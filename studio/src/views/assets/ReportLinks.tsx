import { useState } from "preact/hooks";
import { ask } from "../../api/ask";
import { useApp } from "../../app-context";
import { AssetsReportDocument, type ReportFormat, WorkspaceReportDocument } from "../../documents";
import type { AssetVariables } from "./scope";

type Props = { variables: AssetVariables; token: string | undefined };

/** The summary report, as a file. Its address is asked for when it is wanted, because it is valid for minutes. */
export function ReportLinks({ variables, token }: Props) {
    const { speech, session } = useApp();
    const { say } = speech;
    const [complaint, setComplaint] = useState("");
    async function fetchReport(format: ReportFormat): Promise<void> {
        setComplaint("");
        try {
            const found = await addressOf(variables, format, token ?? session?.token);
            if (found.url) follow(found.url);
            else setComplaint(found.complaint);
        } catch {
            setComplaint(say("unreachable"));
        }
    }
    return (
        <>
            <span role="status" class="complaint">
                {complaint}
            </span>
            {(["XLSX", "CSV"] as const).map((format) => (
                <button key={format} type="button" title={say("reportWords")} onClick={() => fetchReport(format)}>
                    {say("report")} {format}
                </button>
            ))}
        </>
    );
}

async function addressOf(
    variables: AssetVariables,
    format: ReportFormat,
    token: string | undefined,
): Promise<{ url: string | undefined; complaint: string }> {
    const asked = { ...variables, format };
    if ("workspaceIds" in variables) {
        const { data, errors } = await ask(AssetsReportDocument, asked, { token });
        return { url: data?.organization?.metrics?.summaryReport.url, complaint: errors[0]?.message ?? "" };
    }
    const { data, errors } = await ask(WorkspaceReportDocument, asked, { token });
    return { url: data?.workspace?.metrics?.summaryReport.url, complaint: errors[0]?.message ?? "" };
}

function follow(url: string): void {
    const link = document.createElement("a");
    link.href = url;
    link.download = "";
    link.click();
}
