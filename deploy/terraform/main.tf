# Where agents' traces are recorded, and how tracehub comes by them: a log group, a bucket that tells a queue what it
# gets, a Firehose stream to tracehub, and the role of tracehub's collector. Every resource is called as in
# ../cloudformation/tracehub-sources.yaml, which makes the same.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.id

  with_firehose         = var.firehose_url != ""
  with_bucket           = var.make_bucket || local.with_firehose
  with_key              = var.kms_key_arn != ""
  with_collector        = var.collector_principal_arn != ""
  with_more_log_groups  = length(var.more_log_group_arns) > 0
  bucket_name           = var.bucket_name != "" ? var.bucket_name : "${var.name}-traces-${local.account}-${local.region}"
  collector_with_bucket = local.with_collector && local.with_bucket
}

# ---- Recorded in CloudWatch Logs. It outlives the module, as the bucket does: both hold what was recorded.

resource "aws_cloudwatch_log_group" "log_group" {
  count             = var.make_log_group ? 1 : 0
  name              = var.log_group_name
  retention_in_days = var.log_retention_days
  kms_key_id        = local.with_key ? var.kms_key_arn : null
  skip_destroy      = true
}

# ---- Recorded in S3; the queue tells tracehub of every object, sooner than listing does.

resource "aws_s3_bucket" "bucket" {
  count         = local.with_bucket ? 1 : 0
  bucket        = local.bucket_name
  force_destroy = false
}

resource "aws_s3_bucket_server_side_encryption_configuration" "bucket" {
  count  = local.with_bucket ? 1 : 0
  bucket = aws_s3_bucket.bucket[0].id

  rule {
    bucket_key_enabled = local.with_key

    apply_server_side_encryption_by_default {
      sse_algorithm     = local.with_key ? "aws:kms" : "AES256"
      kms_master_key_id = local.with_key ? var.kms_key_arn : null
    }
  }
}

resource "aws_s3_bucket_public_access_block" "bucket" {
  count                   = local.with_bucket ? 1 : 0
  bucket                  = aws_s3_bucket.bucket[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "bucket" {
  count  = local.with_bucket ? 1 : 0
  bucket = aws_s3_bucket.bucket[0].id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

# What is overwritten before tracehub read it can still be read, by the version that the queue was told.
resource "aws_s3_bucket_versioning" "bucket" {
  count  = local.with_bucket ? 1 : 0
  bucket = aws_s3_bucket.bucket[0].id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "bucket" {
  count  = local.with_bucket ? 1 : 0
  bucket = aws_s3_bucket.bucket[0].id

  rule {
    id     = "forget"
    status = "Enabled"

    filter {}

    expiration {
      days = var.object_days
    }

    # As long as the queue keeps what tells of them.
    noncurrent_version_expiration {
      noncurrent_days = 14
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  depends_on = [aws_s3_bucket_versioning.bucket]
}

resource "aws_s3_bucket_notification" "bucket" {
  count  = local.with_bucket ? 1 : 0
  bucket = aws_s3_bucket.bucket[0].id

  queue {
    queue_arn     = aws_sqs_queue.queue[0].arn
    events        = ["s3:ObjectCreated:*"]
    filter_prefix = var.prefix
  }

  # S3 asks the queue whether it may tell it.
  depends_on = [aws_sqs_queue_policy.queue_policy]
}

resource "aws_s3_bucket_policy" "bucket_policy" {
  count  = local.with_bucket ? 1 : 0
  bucket = aws_s3_bucket.bucket[0].id
  policy = data.aws_iam_policy_document.bucket_policy[0].json

  # S3 does not take both at once.
  depends_on = [aws_s3_bucket_public_access_block.bucket]
}

data "aws_iam_policy_document" "bucket_policy" {
  count = local.with_bucket ? 1 : 0

  statement {
    sid       = "OnlyThroughTls"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.bucket[0].arn, "${aws_s3_bucket.bucket[0].arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_sqs_queue" "queue" {
  count = local.with_bucket ? 1 : 0
  name  = "${var.name}-traces"
  # tracehub renews this while it reads, so it only bounds how long a crash delays an object.
  visibility_timeout_seconds = 300
  receive_wait_time_seconds  = 20
  # S3 tells of an object once, so a message may wait as long as SQS allows: 14 days.
  message_retention_seconds = 1209600
  # A key of SQS and not kms_key_arn: S3 could not write under that unless the key's policy let it. Messages hold names
  # of objects, no traces.
  sqs_managed_sse_enabled = true
  redrive_policy          = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead_letter_queue[0].arn, maxReceiveCount = 5 })
}

resource "aws_sqs_queue" "dead_letter_queue" {
  count                     = local.with_bucket ? 1 : 0
  name                      = "${var.name}-traces-dead-letters"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
}

resource "aws_sqs_queue_policy" "queue_policy" {
  count     = local.with_bucket ? 1 : 0
  queue_url = aws_sqs_queue.queue[0].url
  policy    = data.aws_iam_policy_document.queue_policy[0].json
}

data "aws_iam_policy_document" "queue_policy" {
  count = local.with_bucket ? 1 : 0

  statement {
    sid       = "TheBucketTells"
    effect    = "Allow"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.queue[0].arn]

    principals {
      type        = "Service"
      identifiers = ["s3.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = ["arn:${local.partition}:s3:::${local.bucket_name}"]
    }

    # A bucket's ARN names no account, and a deleted bucket's name is free for others to take.
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

# ---- Pushed: log group -> subscription filter -> Firehose -> tracehub; to the bucket what tracehub did not take.

resource "aws_kinesis_firehose_delivery_stream" "firehose" {
  count       = local.with_firehose ? 1 : 0
  name        = "${var.name}-traces"
  destination = "http_endpoint"

  server_side_encryption {
    enabled  = true
    key_type = "AWS_OWNED_CMK"
  }

  # No processing_configuration: decompression is needless, and message extraction would throw away the ids, times and
  # names of groups and streams by which tracehub tells events apart.
  http_endpoint_configuration {
    name               = "tracehub"
    url                = var.firehose_url
    access_key         = var.firehose_access_key
    buffering_interval = var.firehose_buffer_seconds
    buffering_size     = 1
    # Firehose's longest. Afterwards the records go to the bucket.
    retry_duration = 7200
    role_arn       = aws_iam_role.firehose_role[0].arn
    s3_backup_mode = "FailedDataOnly"

    request_configuration {
      content_encoding = "GZIP"
    }

    cloudwatch_logging_options {
      enabled         = true
      log_group_name  = aws_cloudwatch_log_group.firehose_log_group[0].name
      log_stream_name = aws_cloudwatch_log_stream.firehose_log_stream[0].name
    }

    s3_configuration {
      bucket_arn = aws_s3_bucket.bucket[0].arn
      role_arn   = aws_iam_role.firehose_role[0].arn
      # Below the prefix, so that the queue is told and the S3 source brings it after all.
      prefix              = "${var.prefix}firehose/"
      error_output_prefix = "${var.prefix}firehose-failed/!{firehose:error-output-type}/"
      compression_format  = "GZIP"
      buffering_interval  = 60
      buffering_size      = 5
    }
  }

  lifecycle {
    precondition {
      condition     = var.firehose_access_key != ""
      error_message = "firehose_url needs a firehose_access_key"
    }
  }

  depends_on = [aws_iam_role_policy.firehose_writes_bucket]
}

resource "aws_cloudwatch_log_group" "firehose_log_group" {
  count             = local.with_firehose ? 1 : 0
  name              = "/aws/kinesisfirehose/${var.name}-traces"
  retention_in_days = 14
}

resource "aws_cloudwatch_log_stream" "firehose_log_stream" {
  count          = local.with_firehose ? 1 : 0
  name           = "failed-deliveries"
  log_group_name = aws_cloudwatch_log_group.firehose_log_group[0].name
}

resource "aws_iam_role" "firehose_role" {
  count              = local.with_firehose ? 1 : 0
  name               = "${var.name}-firehose-${local.region}"
  assume_role_policy = data.aws_iam_policy_document.firehose_role[0].json
}

data "aws_iam_policy_document" "firehose_role" {
  count = local.with_firehose ? 1 : 0

  statement {
    sid     = "FirehoseOfThisAccount"
    effect  = "Allow"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["firehose.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "sts:ExternalId"
      values   = [local.account]
    }
  }
}

resource "aws_iam_role_policy" "firehose_writes_bucket" {
  count  = local.with_firehose ? 1 : 0
  name   = "writes-bucket"
  role   = aws_iam_role.firehose_role[0].id
  policy = data.aws_iam_policy_document.firehose_writes_bucket[0].json
}

data "aws_iam_policy_document" "firehose_writes_bucket" {
  count = local.with_firehose ? 1 : 0

  statement {
    sid       = "FindTheBucket"
    effect    = "Allow"
    actions   = ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"]
    resources = [aws_s3_bucket.bucket[0].arn]
  }

  statement {
    sid       = "KeepWhatFailed"
    effect    = "Allow"
    actions   = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"]
    resources = ["${aws_s3_bucket.bucket[0].arn}/${var.prefix}*"]
  }

  statement {
    sid     = "SayWhy"
    effect  = "Allow"
    actions = ["logs:PutLogEvents"]
    resources = [
      "arn:${local.partition}:logs:${local.region}:${local.account}:log-group:${aws_cloudwatch_log_group.firehose_log_group[0].name}:log-stream:${aws_cloudwatch_log_stream.firehose_log_stream[0].name}",
    ]
  }
}

resource "aws_iam_role_policy" "firehose_uses_key" {
  count  = local.with_firehose && local.with_key ? 1 : 0
  name   = "uses-key"
  role   = aws_iam_role.firehose_role[0].id
  policy = data.aws_iam_policy_document.firehose_uses_key[0].json
}

data "aws_iam_policy_document" "firehose_uses_key" {
  count = local.with_firehose && local.with_key ? 1 : 0

  statement {
    sid       = "EncryptForTheBucket"
    effect    = "Allow"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.kms_key_arn]
  }
}

resource "aws_cloudwatch_log_subscription_filter" "subscription" {
  count           = local.with_firehose ? 1 : 0
  name            = "${var.name}-traces"
  log_group_name  = var.make_log_group ? aws_cloudwatch_log_group.log_group[0].name : var.log_group_name
  destination_arn = aws_kinesis_firehose_delivery_stream.firehose[0].arn
  role_arn        = aws_iam_role.subscription_role[0].arn
  # Empty: everything. Loggers cut long events, and no pattern that finds a trace's beginning finds its other parts.
  filter_pattern = ""

  # CloudWatch tries the destination when the filter is made, and the role must be allowed to by then.
  depends_on = [aws_iam_role_policy.subscription_writes_firehose]
}

resource "aws_iam_role" "subscription_role" {
  count              = local.with_firehose ? 1 : 0
  name               = "${var.name}-subscription-${local.region}"
  assume_role_policy = data.aws_iam_policy_document.subscription_role[0].json
}

data "aws_iam_policy_document" "subscription_role" {
  count = local.with_firehose ? 1 : 0

  statement {
    sid     = "LogsOfThisAccount"
    effect  = "Allow"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["logs.amazonaws.com"]
    }

    condition {
      test     = "StringLike"
      variable = "aws:SourceArn"
      values   = ["arn:${local.partition}:logs:${local.region}:${local.account}:*"]
    }
  }
}

resource "aws_iam_role_policy" "subscription_writes_firehose" {
  count  = local.with_firehose ? 1 : 0
  name   = "writes-firehose"
  role   = aws_iam_role.subscription_role[0].id
  policy = data.aws_iam_policy_document.subscription_writes_firehose[0].json
}

data "aws_iam_policy_document" "subscription_writes_firehose" {
  count = local.with_firehose ? 1 : 0

  statement {
    sid       = "Deliver"
    effect    = "Allow"
    actions   = ["firehose:PutRecord", "firehose:PutRecordBatch"]
    resources = [aws_kinesis_firehose_delivery_stream.firehose[0].arn]
  }
}

# ---- Pulled: what tracehub's collector may do. One policy for each part of the module.

resource "aws_iam_role" "collector" {
  count              = local.with_collector ? 1 : 0
  name               = "${var.name}-collector-${local.region}"
  assume_role_policy = data.aws_iam_policy_document.collector[0].json
}

data "aws_iam_policy_document" "collector" {
  count = local.with_collector ? 1 : 0

  statement {
    sid     = "TheCollector"
    effect  = "Allow"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = [var.collector_principal_arn]
    }

    dynamic "condition" {
      for_each = var.external_id == "" ? [] : [var.external_id]

      content {
        test     = "StringEquals"
        variable = "sts:ExternalId"
        values   = [var.external_id]
      }
    }
  }
}

resource "aws_iam_role_policy" "collector_reads_logs" {
  count  = local.with_collector ? 1 : 0
  name   = "reads-logs"
  role   = aws_iam_role.collector[0].id
  policy = data.aws_iam_policy_document.collector_reads_logs[0].json
}

data "aws_iam_policy_document" "collector_reads_logs" {
  count = local.with_collector ? 1 : 0

  statement {
    sid       = "ReadEvents"
    effect    = "Allow"
    actions   = ["logs:FilterLogEvents"]
    resources = ["arn:${local.partition}:logs:${local.region}:${local.account}:log-group:${var.log_group_name}:*"]
  }

  # CloudWatch refuses this for single groups, whatever is asked. It shows names, no events.
  statement {
    sid       = "FindLogGroups"
    effect    = "Allow"
    actions   = ["logs:DescribeLogGroups"]
    resources = ["arn:${local.partition}:logs:${local.region}:${local.account}:log-group:*"]
  }

  # Metrics have no ARNs.
  statement {
    sid       = "CountWhatArrives"
    effect    = "Allow"
    actions   = ["cloudwatch:GetMetricData"]
    resources = ["*"]
  }
}

resource "aws_iam_role_policy" "collector_reads_more_logs" {
  count  = local.with_collector && local.with_more_log_groups ? 1 : 0
  name   = "reads-more-logs"
  role   = aws_iam_role.collector[0].id
  policy = data.aws_iam_policy_document.collector_reads_more_logs[0].json
}

data "aws_iam_policy_document" "collector_reads_more_logs" {
  count = local.with_collector && local.with_more_log_groups ? 1 : 0

  statement {
    sid       = "ReadMoreEvents"
    effect    = "Allow"
    actions   = ["logs:FilterLogEvents"]
    resources = var.more_log_group_arns
  }
}

resource "aws_iam_role_policy" "collector_reads_bucket" {
  count  = local.collector_with_bucket ? 1 : 0
  name   = "reads-bucket"
  role   = aws_iam_role.collector[0].id
  policy = data.aws_iam_policy_document.collector_reads_bucket[0].json
}

data "aws_iam_policy_document" "collector_reads_bucket" {
  count = local.collector_with_bucket ? 1 : 0

  # Also what makes S3 answer "not found" rather than "denied" for an object that is gone.
  statement {
    sid       = "ListObjects"
    effect    = "Allow"
    actions   = ["s3:ListBucket"]
    resources = [aws_s3_bucket.bucket[0].arn]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = ["${var.prefix}*"]
    }
  }

  statement {
    sid       = "ReadObjects"
    effect    = "Allow"
    actions   = ["s3:GetObject", "s3:GetObjectVersion"]
    resources = ["${aws_s3_bucket.bucket[0].arn}/${var.prefix}*"]
  }

  statement {
    sid       = "ReadQueue"
    effect    = "Allow"
    actions   = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
    resources = [aws_sqs_queue.queue[0].arn]
  }
}

resource "aws_iam_role_policy" "collector_uses_key" {
  count  = local.collector_with_bucket && local.with_key ? 1 : 0
  name   = "uses-key"
  role   = aws_iam_role.collector[0].id
  policy = data.aws_iam_policy_document.collector_uses_key[0].json
}

data "aws_iam_policy_document" "collector_uses_key" {
  count = local.collector_with_bucket && local.with_key ? 1 : 0

  statement {
    sid       = "DecryptObjects"
    effect    = "Allow"
    actions   = ["kms:Decrypt"]
    resources = [var.kms_key_arn]
  }
}
