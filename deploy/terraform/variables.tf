# The same as the parameters of ../cloudformation/tracehub-sources.yaml, with the same defaults.

variable "name" {
  type        = string
  default     = "tracehub"
  description = "What the names of the queue, the stream and the roles begin with."

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,19}$", var.name))
    error_message = "2 to 20 lower-case letters, digits and hyphens, the first of them a letter."
  }
}

variable "kms_key_arn" {
  type        = string
  default     = ""
  description = "A key of yours that encrypts the bucket and the log group; empty for the keys of AWS. The key's own policy must let CloudWatch Logs use it for this log group."
}

variable "make_log_group" {
  type        = bool
  default     = true
  description = "false where the log group exists already."
}

variable "log_group_name" {
  type        = string
  default     = "/tracehub/traces"
  description = "The log group that traces are recorded in; it is made, read by the collector and pushed by Firehose."
}

variable "log_retention_days" {
  type        = number
  default     = 30
  description = "How long CloudWatch keeps the log group's events. tracehub keeps its own copy."
}

variable "more_log_group_arns" {
  type        = list(string)
  default     = []
  description = "Further log groups that the collector may read, each as \"aws logs describe-log-groups\" writes its arn, which ends with \":*\"."

  validation {
    condition     = alltrue([for arn in var.more_log_group_arns : can(regex(":log-group:[a-zA-Z0-9_/.#-]+:\\*$", arn))])
    error_message = "Each is the ARN of one log group and ends with \":*\"."
  }
}

variable "make_bucket" {
  type        = bool
  default     = true
  description = "Whether to make the bucket and its queue. With firehose_url they are made anyhow, for what it cannot deliver."
}

variable "bucket_name" {
  type        = string
  default     = ""
  description = "Empty for NAME-traces-ACCOUNT-REGION."
}

variable "prefix" {
  type        = string
  default     = "traces/"
  description = "Where in the bucket traces lie. Only objects below it are told to the queue, and readable by the collector."

  validation {
    condition     = can(regex("^([a-zA-Z0-9_.=-]+/)+$", var.prefix))
    error_message = "Folders, each followed by a slash."
  }
}

variable "object_days" {
  type        = number
  default     = 90
  description = "After how many days objects are deleted. tracehub keeps its own copy."
}

variable "firehose_url" {
  type        = string
  default     = ""
  description = "tracehub's address, https://HOST/ingest/firehose, on port 443 with a public certificate; empty for no push."

  validation {
    condition     = can(regex("^$|^https://[^\\s?#]+/ingest/firehose$", var.firehose_url))
    error_message = "https://HOST/ingest/firehose"
  }
}

variable "firehose_access_key" {
  type        = string
  default     = ""
  sensitive   = true
  description = "The key that tracehub expects from Firehose."
}

variable "firehose_buffer_seconds" {
  type        = number
  default     = 10
  description = "How long Firehose gathers events before it sends them."
}

variable "collector_principal_arn" {
  type        = string
  default     = ""
  description = "Who tracehub's collector is, in this account or another, before it assumes the role; empty for no role."
}

variable "external_id" {
  type        = string
  default     = ""
  description = "What the collector has to name when it assumes the role; empty for nothing."
}
