declare module "fs-native-extensions" {
  /** An exclusive lock on the whole file. @returns false when another open file holds one */
  export function tryLock(fileDescriptor: number): boolean;
}
