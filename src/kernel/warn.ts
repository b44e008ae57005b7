/** The default place for warnings: a process warning of the type `JetsourceWarning`. */
export function warn(warning: string): void {
  process.emitWarning(warning, 'JetsourceWarning');
}
