export interface AdminResponse {
  readonly status: number;
  readonly body: string;
}
