# What a source of tracehub.toml has to name, and the sources themselves.

locals {
  access = local.with_collector ? join("", [
    "role_arn = \"${aws_iam_role.collector[0].arn}\"\n",
    var.external_id == "" ? "" : "external_id = \"${var.external_id}\"\n",
  ]) : ""
}

output "log_group_name" {
  description = "The log group that traces are recorded in."
  value       = var.make_log_group ? aws_cloudwatch_log_group.log_group[0].name : var.log_group_name
}

output "log_group_arn" {
  description = "Its ARN, as a source's log_groups take it from other accounts."
  value       = "arn:${local.partition}:logs:${local.region}:${local.account}:log-group:${var.log_group_name}"
}

output "bucket_name" {
  description = "The bucket that traces are recorded in, below the prefix."
  value       = one(aws_s3_bucket.bucket[*].id)
}

output "queue_url" {
  description = "The queue that is told of every object."
  value       = one(aws_sqs_queue.queue[*].url)
}

output "dead_letter_queue_url" {
  description = "Where messages go that were received five times and never done; worth an alarm."
  value       = one(aws_sqs_queue.dead_letter_queue[*].url)
}

output "firehose_name" {
  description = "The stream that pushes the log group to tracehub."
  value       = one(aws_kinesis_firehose_delivery_stream.firehose[*].name)
}

output "collector_role_arn" {
  description = "The role that the collector assumes."
  value       = one(aws_iam_role.collector[*].arn)
}

output "cloudwatch_source" {
  description = "For tracehub.toml, reads the log group."
  value       = <<-EOT
    [[sources]]
    kind = "cloudwatch"
    name = "${var.name}-logs"
    log_groups = ["${var.log_group_name}"]
    region = "${local.region}"
    ${local.access}
  EOT
}

output "s3_source" {
  description = "For tracehub.toml, reads the bucket."
  value = local.with_bucket ? join("\n", [
    "[[sources]]",
    "kind = \"s3\"",
    "name = \"${var.name}-bucket\"",
    "bucket = \"${aws_s3_bucket.bucket[0].id}\"",
    "prefix = \"${var.prefix}\"",
    "queue_url = \"${aws_sqs_queue.queue[0].url}\"",
    "region = \"${local.region}\"",
    local.access,
  ]) : null
}
