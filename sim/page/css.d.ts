/** Bundled as text. */
declare module "*.css" {
  const style: string;
  export { style as default };
}
