import { expect, test, vi } from "vitest";

const heading = () => document.querySelector("h1")?.textContent;
const items = () => Array.from(document.querySelectorAll("li"), (item) => item.textContent);
const shows = (text: string) => vi.waitFor(() => expect(heading()).toBe(text), 20_000);
const button = () => document.querySelector("button");

test("a list grows page by page, and says what only makers see", async () => {
  await import("./main");

  await shows("4 of 10 publications");
  button()?.click();
  await shows("8 of 10 publications");
  button()?.click();
  await shows("10 of 10 publications");
  expect(button()).toBeNull();
  expect(items()).toEqual([
    "AI Research Studio: 7 likes",
    "Ocean Notes: 5 likes",
    "Quest Atlas: for its makers only",
    "Morning Podcast: 10 likes",
    "Clay and Code: for its makers only",
    "Night Sky Club: 10 likes",
    "Garden Robots: 10 likes",
    "Paper Engines: for its makers only",
    "City Sounds: for its makers only",
    "Small Models: 11 likes",
  ]);
});
