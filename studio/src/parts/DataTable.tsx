import { useSpeech } from "../app-context";
import type { Table } from "./csv";

export function DataTable({ table, caption }: { table: Table; caption: string }) {
    const { number } = useSpeech();
    return (
        <div class="scroll" tabIndex={0} role="group" aria-label={caption}>
            <table class="data">
                <caption class="unseen">{caption}</caption>
                <thead>
                    <tr>
                        {table.head.map((text) => (
                            <th scope="col" key={text}>
                                {text}
                            </th>
                        ))}
                    </tr>
                </thead>
                <tbody>
                    {table.rows.map((row, index) => (
                        <tr key={index}>
                            {row.map((cell, column) =>
                                column ? (
                                    <td key={column} class={typeof cell === "number" ? "number" : undefined}>
                                        {typeof cell === "number" ? number(cell) : cell}
                                    </td>
                                ) : (
                                    <th scope="row" key={column}>
                                        {cell}
                                    </th>
                                ),
                            )}
                        </tr>
                    ))}
                </tbody>
            </table>
        </div>
    );
}
