export type Cell = string | number | null;
export type Table = { head: string[]; rows: Cell[][] };

/** A spreadsheet would take such a text for a formula. */
const FORMULA = /^\s*[=+\-@＝＋－＠]/;

export function csvOf({ head, rows }: Table): string {
    return [head, ...rows].map((row) => row.map(cellOf).join(",")).join("\r\n") + "\r\n";
}

export function download(name: string, text: string): void {
    // Spreadsheets take a file for UTF-8 if it starts with this mark.
    const url = URL.createObjectURL(new Blob(["\ufeff", text], { type: "text/csv;charset=utf-8" }));
    const link = document.createElement("a");
    link.href = url;
    link.download = `${name}.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

function cellOf(cell: Cell): string {
    if (typeof cell === "number") return String(cell);
    const text = cell ?? "";
    const safe = FORMULA.test(text) ? `'${text}` : text;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
